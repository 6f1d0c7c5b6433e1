export { graphqlWs, type GraphqlWsOptions } from './graphql-options.ts'

import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig, type UserConfig } from 'vite'

const config: UserConfig = defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@reauth/source', ...defaultClientConditions] },
  // named here, so that Vite does not find one late and reload the page in the middle of a sign-in
  optimizeDeps: {
    include: [
      'react',
      'react/jsx-dev-runtime',
      'react-dom/client',
      '@reauth/oauth > oauth4webapi',
      '@reauth/sse > eventsource-parser',
      'ky',
    ],
  },
  clearScreen: false,
})
export default config

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { watchHeadlines } from './checks/reloads.ts'
import { App } from './ui/app.tsx'

watchHeadlines()
const root = document.querySelector('#root')
if (root === null) throw new TypeError('index.html lacks #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './ui/app.tsx'

const root = document.querySelector('#root')
if (root === null) throw new TypeError('index.html lacks #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

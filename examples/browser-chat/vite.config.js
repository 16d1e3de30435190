import { guard } from '@postern/guard/vite'
import react from '@vitejs/plugin-react'

// The guard fails the build if a gateway's key would be in what the browser gets.
export default { plugins: [react(), guard()] }

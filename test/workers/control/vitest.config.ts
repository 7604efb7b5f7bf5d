import { workerProject } from '../worker-project.ts'
import { CONNECTED } from '../settings.ts'

export default workerProject(import.meta.dirname, { main: 'worker.ts', bindings: CONNECTED })

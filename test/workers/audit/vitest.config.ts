import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, { main: 'worker.ts' })

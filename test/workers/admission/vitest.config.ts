import { SETTINGS } from '../settings.ts'
import { workerProject } from '../worker-project.ts'
import { connectInternet } from './the-internet.ts'

export default workerProject(import.meta.dirname, {
  main: '../todos-worker.ts',
  bindings: SETTINGS,
  sharesRuntime: true,
  internet: connectInternet,
})

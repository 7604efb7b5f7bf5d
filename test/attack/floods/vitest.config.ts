import { SETTINGS } from '../../workers/settings.ts'
import { workerProject } from '../../workers/worker-project.ts'

export default workerProject(import.meta.dirname, {
  main: 'worker.ts',
  bindings: { ...SETTINGS, RETIRED_ROOT_KEYS: 'k0' },
})

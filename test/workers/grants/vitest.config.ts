import { PINGONE_KEY } from '../pingone-key.ts'
import { GRANTS_PER_USER, API_URL, SETTINGS } from '../settings.ts'
import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, {
  main: '../faults/worker.ts',
  bindings: {
    ...SETTINGS,
    API_URL,
    CLIENT_ADMISSION: 'open',
    GRANTS_PER_USER: String(GRANTS_PER_USER),
    PINGONE_KEY,
  },
})

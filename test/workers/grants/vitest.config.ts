import { GRANTS_PER_PERSON } from '../faults/names.ts'
import { PINGONE_KEY } from '../pingone-key.ts'
import { API_URL, SETTINGS } from '../settings.ts'
import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, {
  bindings: {
    ...SETTINGS,
    API_URL,
    CLIENT_ADMISSION: 'open',
    GRANTS_PER_PERSON: String(GRANTS_PER_PERSON),
    PINGONE_KEY,
  },
})

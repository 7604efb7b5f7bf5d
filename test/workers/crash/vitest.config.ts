import { PINGONE_KEY } from '../pingone-key.ts'
import { SETTINGS } from '../settings.ts'
import { workerProject } from '../worker-project.ts'

export default workerProject(import.meta.dirname, {
  hasRecords: true,
  bindings: { ...SETTINGS, CLIENT_ADMISSION: 'open', PINGONE_KEY },
  test: { testTimeout: 120_000 },
})

import { NOT_QUICK, QUICK_STORIES, QUICK_WORKERS, runOf, storiesProject, unitProject } from './plan.ts'

// What a newcomer runs: `npm test`.
export default runOf([
  unitProject(NOT_QUICK),
  storiesProject(Object.values(QUICK_STORIES)),
  ...QUICK_WORKERS.map((folder) => `${folder}/vitest.config.ts`),
])

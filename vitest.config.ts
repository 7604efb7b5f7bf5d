import { ALL_STORIES, runOf, storiesProject, unitProject } from './test/plan.ts'

// Everything but the stories in a browser: `npm run test:all`. One project per runtime: `unit` is plain Node, the
// Workers each run in workerd with their own configuration, `e2e` starts the whole system as `npm start` does.
export default runOf([
  unitProject(),
  storiesProject(ALL_STORIES),
  'test/*/vitest.config.ts',
  'test/*/*/vitest.config.ts',
  'examples/*/vitest.config.ts',
  'emulators/*/vitest.config.ts',
])

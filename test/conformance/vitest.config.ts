import { defineProject } from 'vitest/config'
import { PATIENCE } from '../support/patience.ts'

export default defineProject({
  test: { name: 'conformance', include: ['*.test.ts'], ...PATIENCE },
})

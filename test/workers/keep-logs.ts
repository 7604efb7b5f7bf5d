import { beforeEach } from 'vitest'
import { forgetLines, sayLines } from './kept-lines.ts'

beforeEach(({ onTestFailed }) => {
  forgetLines()
  onTestFailed(sayLines)
})

/** Why a start cannot go on, as a sentence for the person at the terminal: it is shown without a stack. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem'
}

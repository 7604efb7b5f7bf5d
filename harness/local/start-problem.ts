/** Why a start cannot go on, as a sentence for the user at the terminal: it is shown without a stack. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem'
}

/** Runs what a script is; exits with what it says, or with 1 and the sentence of a problem that a user can solve. */
export async function runScript(main: () => number | void | Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

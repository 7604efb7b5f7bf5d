import type { WorkerName } from './plan.ts'

// wrangler marks what it and console.warn or console.error say; our own log lines carry their level as JSON.
const PROBLEM = /\[(?:ERROR|WARNING)\]|\[wrangler:(?:error|warn)\]|"level":"(?:error|warn)"/
const CONTINUED = /^\s/
// `npm start -- --inspect` asks for it.
const DEBUGGER = /^Debugger: /

/** Tells the lines of one Worker that a user should see: a problem, with the indented lines that belong to it. */
export function createProblemFilter(): (line: string) => boolean {
  let isShown = false
  return (line) => {
    isShown = PROBLEM.test(line) || (isShown && CONTINUED.test(line))
    return isShown
  }
}

export function createLinePrinter({ isVerbose }: { isVerbose: boolean }) {
  const filters: Record<WorkerName, (line: string) => boolean> = {
    mcp: createProblemFilter(),
    api: createProblemFilter(),
    pingone: createProblemFilter(),
  }
  return (name: WorkerName, line: string): void => {
    const isProblem = filters[name](line)
    if (isProblem) console.error(`${name.padEnd(8)} ${line}`)
    else if (isVerbose || DEBUGGER.test(line)) console.log(`${name.padEnd(8)} ${line}`)
  }
}

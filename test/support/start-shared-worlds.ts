/**
 * vitest's global setup of the stories: one system per parallel worker, because a start takes seconds and stories
 * change switches. A file has its system to itself while it runs. Consecutive files share it: they separate their
 * data by newUser() and a client registration each, and a file that changes a switch of the
 * emulator resets it.
 */
import type { TestProject } from 'vitest/node'
import { startWorld } from '#harness/world.ts'

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await using starting = new AsyncDisposableStack()
  const places = Array.from({ length: project.config.maxWorkers }, async () =>
    starting.use(await startWorld()),
  )
  const worlds = await Promise.all(places)
  project.provide(
    'worlds',
    worlds.map(({ addresses }) => addresses),
  )
  const everything = starting.move()
  return () => everything.disposeAsync()
}

/**
 * vitest's global setup of the stories: a system for each place at which files run at the same time, because a start
 * takes seconds and stories turn switches. A file has one for itself as long as it runs, and files that come after one
 * another share it: they keep out of each other's way by newUser() and by a client registration each, and one that
 * turns a switch of the emulator turns it back.
 */
import type { TestProject } from 'vitest/node'
import { startWorld } from './world.ts'

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

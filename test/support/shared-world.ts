/**
 * vitest's global setup of the e2e project: one system for all story files, because a start takes seconds. Stories
 * keep out of each other's way by newPerson() and by a client registration each; one that turns a switch of the
 * stand-in turns it back, and files run one after the other.
 */
import type { TestProject } from 'vitest/node'
import { startWorld } from './world.ts'

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const world = await startWorld()
  project.provide('world', world.addresses)
  return () => world.stop()
}

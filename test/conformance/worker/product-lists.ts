import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { type AnyPrompt, definePrompt, noArguments } from '#catalog/define-prompt.ts'
import {
  type AnyResource,
  type AnyTemplate,
  defineResource,
  defineTemplate,
} from '#catalog/define-resource.ts'
import { describeFixture, pixel } from './contents.ts'

const named = (name: string) =>
  ({ name, title: name, description: describeFixture(name), scopes: ['todo:read'] }) as const

const plain = (text: string) => ({ mimeType: 'text/plain', text })

export const fixtureResources: readonly AnyResource[] = [
  defineResource({
    ...named('staticText'),
    uri: 'test://static-text',
    mimeType: 'text/plain',
    read: async () => ok([plain('This is a static text.')]),
  }),
  defineResource({
    ...named('staticBinary'),
    uri: 'test://static-binary',
    mimeType: pixel.mimeType,
    read: async () => ok([pixel]),
  }),
  defineResource({
    ...named('watchedResource'),
    uri: 'test://watched-resource',
    mimeType: 'text/plain',
    read: async () => ok([plain('It may change.')]),
  }),
]

export const fixtureTemplates: readonly AnyTemplate[] = [
  defineTemplate({
    ...named('template'),
    uriTemplate: 'test://template/{id}/data',
    mimeType: 'application/json',
    variables: z.strictObject({ id: z.string().max(100) }),
    read: async ({ id }) => ok([{ mimeType: 'application/json', text: JSON.stringify({ id }) }]),
  }),
]

const argument = z.string().max(1000)

export const fixturePrompts: readonly AnyPrompt[] = [
  definePrompt({
    ...named('test_simple_prompt'),
    arguments: noArguments,
    get: async () => ok([{ instruction: 'This is a simple prompt for testing.' }]),
  }),
  definePrompt({
    ...named('test_prompt_with_arguments'),
    arguments: z.strictObject({ arg1: argument.describe('One'), arg2: argument.describe('Another') }),
    get: async ({ arg1, arg2 }) => ok([{ instruction: `arg1='${arg1}', arg2='${arg2}'` }]),
  }),
  definePrompt({
    ...named('test_prompt_with_embedded_resource'),
    arguments: z.strictObject({ resourceUri: argument.describe('Which resource') }),
    get: async ({ resourceUri }) =>
      ok([
        { resource: { uri: resourceUri, form: plain('Embedded.') } },
        { instruction: 'What is embedded above?' },
      ]),
  }),
]

import { expect, test } from 'vitest'
import { explainSettings } from '#harness/local/explain-settings.ts'
import { mergeSettings, unknownNames } from '#harness/local/settings.ts'

test('what is set later wins, and names that are no settings do not get through', () => {
  const fromFile = { API_URL: 'https://file.example', GRANT_IDLE_DAYS: '7', AWS_SECRET: 'x' }
  const fromProcess = { API_URL: 'https://process.example', PATH: '/bin' }
  expect(mergeSettings(fromFile, fromProcess)).toEqual({
    API_URL: 'https://process.example',
    GRANT_IDLE_DAYS: '7',
  })
})

test('an empty value takes a setting away', () => {
  const merged = mergeSettings({ API_URL: 'https://file.example' }, { API_URL: '' })
  expect(Object.keys(merged)).toEqual([])
})

test('a name in a settings file that is no setting is told', () => {
  expect(unknownNames({ PINGONE_ISUER: 'x', API_URL: 'y', MCP_PORT: '1' })).toEqual(['PINGONE_ISUER'])
})

test('where settings come from is told in names: and what shadows what', () => {
  const fromFile = { PINGONE_ISUER: 'hunter2', API_URL: 'hunter2', MCP_PORT: '1', ROOT_KEYS: '' }
  const fromProcess = { PATH: '/bin', API_URL: 'hunter3', OPERATOR_CLAIM: 'on' }
  expect(explainSettings('.dev.vars', fromFile, fromProcess)).toEqual([
    '.dev.vars: PINGONE_ISUER is not a setting',
    'From .dev.vars: API_URL, MCP_PORT',
    'From the environment: API_URL, OPERATOR_CLAIM',
    "API_URL is in .dev.vars and in the environment: the environment's is used",
  ])
  expect(explainSettings('.dev.vars', {}, { PATH: '/bin' })).toEqual([])
})

import { expect, test } from 'vitest'
import { mergeSettings, unknownNames } from '../../../scripts/local/settings.ts'

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

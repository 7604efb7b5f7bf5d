import { expect, test } from 'vitest'
import { examine } from '../../../scripts/doctor/examine.ts'
import { lineOf } from '../../../scripts/doctor/finding.ts'
import { back, examinedBy, ISSUER, needsUser, page, pingone, settings } from '../../support/doctor.ts'

const examined = examinedBy(examine, lineOf)

const CALLBACK = `${settings.PUBLIC_ORIGIN}/callback`
const asks = (scope: string) => (query: URLSearchParams) => query.get('scope')?.split(' ').includes(scope)

test.for<[string, Parameters<typeof pingone>[0], RegExp[]]>([
  [
    'a policy that does not exist, or is not assigned',
    { authorize: (query) => back(query, 'invalid_request', 'PolicyId not found (Correlation ID: 1)') },
    [/PINGONE_DV_POLICY_ID has to be the id of a policy that exists and is assigned/],
  ],
  [
    'the other text of the same',
    { authorize: (query) => back(query, 'login_required', 'FlowId not found') },
    [/PINGONE_DV_POLICY_ID/],
  ],
  [
    'no redirect URI',
    { authorize: () => page() },
    [
      /^login for https:\/\/mcp\.example\.com\/callback: PingOne sends nobody back/,
      /^login for \S+\/signed-in: PingOne sends nobody back/,
    ],
  ],
  [
    'a redirect URI alone, told by a page elsewhere',
    {
      authorize: (query) =>
        query.get('redirect_uri') === CALLBACK
          ? needsUser(query)
          : new Response(null, {
              status: 302,
              headers: { location: 'https://apps.pingone.eu/e?error=STRANGE' },
            }),
    },
    [/^login for \S+\/signed-in: PingOne sends nobody back/],
  ],
  [
    'a scope that is not granted',
    { authorize: (query) => (asks('todo:write')(query) ? back(query, 'invalid_scope') : needsUser(query)) },
    [/^scopes: PingOne does not grant the scope todo:write .* or correct API_SCOPE_WRITE/],
  ],
  [
    'scopes of two resources',
    {
      authorize: (query) =>
        asks('todo:write')(query) && asks('todo:read')(query)
          ? back(query, 'invalid_scope')
          : needsUser(query),
    },
    [/several resources/],
  ],
  ['no scope at all', { authorize: (query) => back(query, 'invalid_scope') }, [/todo:read/, /todo:write/]],
  ['no code', { authorize: (query) => back(query, 'unauthorized_client') }, [/Authorization Code on/]],
  ['no access', { authorize: (query) => back(query, 'access_denied') }, [/access control/]],
  [
    'another error',
    { authorize: (query) => back(query, 'invalid_request') },
    [/\(invalid_request\).* most often PINGONE_DV_POLICY_ID is no flow policy/],
  ],
  ['a text instead of a code', { authorize: (query) => back(query, 'STRANGE: 1') }, [/\(not a code\)/]],
  ['an outage', { authorize: () => page(503) }, [/try again later/]],
  [
    'an outage that it tells',
    { authorize: (query) => back(query, 'temporarily_unavailable') },
    [/try again later/],
  ],
  [
    'a code without anyone',
    {
      authorize: (query) =>
        new Response(null, {
          status: 302,
          headers: { location: `${query.get('redirect_uri')}?code=STRANGE` },
        }),
    },
    [/although nobody signed in/],
  ],
])('a login that PingOne does not take: %s', async ([, different, patterns]) => {
  const { problems } = await examined(settings, pingone(different))
  expect(problems).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)))
})

test('of two policies the second is asked for too, and named', async () => {
  const { problems } = await examined(
    { ...settings, PINGONE_DV_POLICY_ID: 'policy,older' },
    pingone({
      authorize: (query) =>
        query.get('acr_values') === 'older'
          ? back(query, 'server_error', 'PolicyId not found')
          : needsUser(query),
    }),
  )
  expect(problems).toEqual([expect.stringContaining('policy 2 in PINGONE_DV_POLICY_ID')])
})

test('with pushed requests PingOne judges what is pushed', async () => {
  const par = { pushed_authorization_request_endpoint: `${ISSUER}/par` }
  const input = { ...settings, PINGONE_PAR: 'on' }
  const flow = () => new Response(null, { status: 302, headers: { location: '/flow?id=1' } })
  const good = await examined(input, pingone({ document: par, authorize: flow }))
  expect(good.problems).toEqual([])
  const bad = () =>
    Response.json({ error: 'invalid_request', error_description: 'PolicyId not found' }, { status: 400 })
  const { problems } = await examined(input, pingone({ document: par, par: bad }))
  expect(problems).toEqual([expect.stringContaining('PINGONE_DV_POLICY_ID has to be')])
  // PingOne answers a pushed request with an unregistered redirect URI with an error, not with a page.
  const unclear = () => Response.json({ error: 'invalid_request' }, { status: 400 })
  const { problems: both } = await examined(input, pingone({ document: par, par: unclear }))
  expect(both).toEqual([
    expect.stringMatching(/\/callback is not a redirect URI .* or PINGONE_DV_POLICY_ID is no flow policy/),
    expect.stringContaining('/signed-in is not a redirect URI'),
  ])
})

test('that PingOne takes the request for the flow is not claimed where it does not', async () => {
  const { text: good } = await examined(settings, pingone())
  expect(good).toContain('PingOne accepts the request')
  for (const different of [
    { authorize: (query: URLSearchParams) => back(query, 'invalid_request', 'PolicyId not found') },
    { authorize: () => page(503) },
    { document: { issuer: `${ISSUER}/` } },
  ]) {
    const { text } = await examined(settings, pingone(different))
    expect(text).not.toContain('PingOne accepts the request')
    expect(text).toContain('not checked: whether the flow works')
  }
})

test('an application that takes only pushed requests is named, and the rest is checked by pushed requests', async () => {
  const par = { pushed_authorization_request_endpoint: `${ISSUER}/par` }
  const onlyPushed = (query: URLSearchParams) =>
    query.has('request_uri')
      ? new Response(null, { status: 302, headers: { location: '/flow?id=1' } })
      : page()
  const { problems } = await examined(settings, pingone({ document: par, authorize: onlyPushed }))
  expect(problems).toEqual([expect.stringMatching(/^pushed requests: .*set PINGONE_PAR=on/)])
})

test('a resource parameter that PingOne refuses is told from a scope that is not granted', async () => {
  const { problems } = await examined(
    { ...settings, PINGONE_SEND_RESOURCE: 'on' },
    pingone({
      authorize: (query) => (query.has('resource') ? back(query, 'invalid_scope') : needsUser(query)),
    }),
  )
  expect(problems).toEqual([expect.stringMatching(/^resource parameter: .*PINGONE_SEND_RESOURCE off/)])
})

const part = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')

/** Looks like PingOne's token for one grant. Its signature is a word, so that a leak is easy to find. */
export const downstreamToken = (grant: string) =>
  [
    part({ alg: 'RS256' }),
    part({
      iss: 'https://auth.pingone.test/as',
      aud: ['todo-api'],
      scope: 'todo:read todo:write',
      acr: 'policy-1',
      exp: 2_000_000_000,
      sid: 'sid-must-not-leak',
      jti: 'jti-must-not-leak',
      grant,
    }),
    'signature-must-not-leak',
  ].join('.')

import { whoAmI as defineWhoAmI } from '#catalog/who-am-i.ts'

const ACTIONS = [
  ['notes:read', 'read'],
  ['notes:write', 'add'],
  ['notes:delete', 'delete'],
] as const

export const whoAmI = defineWhoAmI({
  api: 'Notes API',
  scopes: ['notes:read'],
  say: (granted) => {
    const actions = ACTIONS.flatMap(([scope, action]) => (granted.includes(scope) ? [action] : []))
    return `${actions.join(', ')} your notes`
  },
})

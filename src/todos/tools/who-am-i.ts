import { whoAmI as defineWhoAmI } from '#catalog/who-am-i.ts'

export const whoAmI = defineWhoAmI({
  api: 'Todo API',
  scopes: ['todo:read'],
  say: (granted) => `${granted.includes('todo:write') ? 'read and change' : 'read'} your todos`,
})

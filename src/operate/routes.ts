import { type Context, type Env, Hono } from 'hono'
import type { z } from 'zod'
import { act, preview } from './acts.ts'
import { answerOperator, type Handler } from './answer.ts'
import { answerApiDenial, noSuchPath } from './api-denial.ts'
import { continueAct } from './client-walk.ts'
import type { OperateDeps } from './deps.ts'
import {
  applyPolicy,
  confirmPolicy,
  dropPolicy,
  previewPolicy,
  readPolicy,
  readPolicyDocument,
  rollBackPolicy,
} from './policy.ts'
import { beginExport, continueExport, reveal } from './protected.ts'
import {
  listClients,
  listCutoffs,
  listEvents,
  listSessions,
  listUsers,
  me,
  showUser,
  signOut,
} from './reads.ts'
import { listSwitches, switchOff, switchOn } from './switches.ts'

/** The operator API, below `/operate/v1` (api-schema.ts, policy-schema.ts). */
export function operatorApi<E extends Env>(depsOf: (c: Context<E>) => OperateDeps): Hono<E> {
  const api =
    <Input extends z.ZodType, Answer>(handler: Handler<Input, Answer>) =>
    (c: Context<E>) =>
      answerOperator(c.req.raw, depsOf(c), handler, c.req.param())
  const app = new Hono<E>()
  app.get('/me', api(me))
  app.post('/sign-out', api(signOut))
  app.get('/users', api(listUsers))
  app.get('/users/:id', api(showUser))
  app.get('/clients', api(listClients))
  app.get('/cutoffs', api(listCutoffs))
  app.get('/sessions', api(listSessions))
  app.get('/events', api(listEvents))
  app.post('/acts/preview', api(preview))
  app.post('/acts', api(act))
  app.post('/acts/:act/continue', api(continueAct))
  app.post('/reveal', api(reveal))
  app.post('/export', api(beginExport))
  app.post('/export/pages', api(continueExport))
  app.get('/policy', api(readPolicy))
  app.get('/policy/documents/:hash', api(readPolicyDocument))
  app.post('/policy/preview', api(previewPolicy))
  app.post('/policy/apply', api(applyPolicy))
  app.post('/policy/rollback', api(rollBackPolicy))
  app.post('/policy/confirm', api(confirmPolicy))
  app.post('/policy/drop', api(dropPolicy))
  app.get('/switches', api(listSwitches))
  app.post('/switches', api(switchOff))
  app.post('/switches/:id/end', api(switchOn))
  app.all('/*', () => answerApiDenial(noSuchPath))
  return app
}

import type { Failures } from '../limits/failures.ts'
import type { Registrations } from '../limits/registrations.ts'
import type { Admission } from './admission.ts'
import { tooManyAt } from './answer-too-many.ts'
import { registerClient } from './register-client.ts'

export interface RegistrationParts {
  admission: Admission
  failures: Failures
  registrations: Registrations
}

/** POST /register within its limits: only what would be written counts against the ceiling of the day. */
export async function limitRegistration(
  request: Request,
  { admission, failures, registrations }: RegistrationParts,
  register: (request: Request) => Promise<Response>,
): Promise<Response> {
  const tooMany = tooManyAt(request)
  const answer = await registerClient(request, admission, async (admitted) => {
    const waitSeconds = await registrations.take(request)
    return waitSeconds === 0 ? register(admitted) : tooMany(waitSeconds)
  })
  return failures.limit(request, answer, tooMany)
}

import type { Failures } from '#limits/failures.ts'
import type { Registrations } from '#limits/registrations.ts'
import { RegistrationStorage, type ProviderStorage } from '#oauth-store/provider-storage.ts'
import type { Admission } from './admission.ts'
import { tooManyAt } from '../answer-too-many.ts'
import { registerClient } from './register-client.ts'

export interface RegistrationDeps {
  admission: Admission
  failures: Failures
  registrations: Registrations
}

export interface Registrar {
  /** Runs the library over the storage given. */
  run(request: Request, storage: ProviderStorage): Promise<Response>
  storage: ProviderStorage
}

/** POST /register within its limits: what the library accepted counts for the day, before it is stored. */
export async function limitRegistration(
  request: Request,
  { admission, failures, registrations }: RegistrationDeps,
  registrar: Registrar,
): Promise<Response> {
  const tooMany = tooManyAt(request)
  const answer = await registerClient(request, admission, async (admitted) => {
    const storage = new RegistrationStorage(registrar.storage)
    const made = await registrar.run(admitted, storage)
    if (made.status !== 201) return made
    const waitSeconds = await registrations.take(request)
    if (waitSeconds > 0) return tooMany(waitSeconds)
    await storage.settle()
    return made
  })
  return failures.limit(request, answer, tooMany)
}

import { keyJourneys } from './key-journeys.ts'
import { callback } from './login-journeys.ts'
import { testSchedules } from './run-schedules.ts'

testSchedules('the Worker, a session or its User', [callback, ...keyJourneys])

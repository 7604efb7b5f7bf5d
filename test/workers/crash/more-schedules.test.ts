import { confirmed } from './confirmed-journey.ts'
import { keyJourneys, callback } from './journeys.ts'
import { testSchedules } from './run-schedules.ts'

testSchedules('the Worker, a session or its User', [callback, ...keyJourneys, confirmed])

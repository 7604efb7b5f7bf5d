import { testSchedules } from './run-schedules.ts'
import { sessionEnds } from './session-ends.ts'
import { sessionJourneys } from './session-journeys.ts'

testSchedules('its session or its User', [...sessionJourneys, ...sessionEnds])

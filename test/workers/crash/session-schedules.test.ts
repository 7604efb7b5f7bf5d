import { testSchedules } from './run-schedules.ts'
import { sessionEnds, sessionJourneys } from './session-journeys.ts'

testSchedules('its session or its User', [...sessionJourneys, ...sessionEnds])

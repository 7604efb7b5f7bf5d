import { journeys } from './journeys.ts'
import { testSchedules } from './run-schedules.ts'

testSchedules('its User', journeys)

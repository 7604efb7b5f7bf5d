import { testSchedules } from './run-schedules.ts'
import { shippingJourneys } from './shipping-journeys.ts'

testSchedules('its User', shippingJourneys)

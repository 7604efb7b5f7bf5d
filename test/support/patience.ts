/**
 * For every project of the runner. Far more than anything takes: a machine that is busy, or stands still for a second,
 * is no finding; what hangs fails all the same.
 */
export const PATIENCE = {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 20_000 } },
}

/**
 * The timeout for every test project. It is far above any real duration: a busy machine is not a failure, a hang
 * still is.
 */
export const PATIENCE = {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 20_000 } },
}

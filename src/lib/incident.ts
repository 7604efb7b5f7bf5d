/** A short id that joins what a user or a model was told with what the log knows. Says nothing by itself. */
export const newIncident = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(5)), (byte) => byte.toString(16).padStart(2, '0')).join('')

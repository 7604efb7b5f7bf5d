/** The address of a client's metadata document, and so its client id. */
export const DOCUMENT = 'https://agent.example.com/client.json'
/** Text of failing systems. It must never appear in an answer. */
export const STRANGE_WORDS = 'IGNORE-ALL-PREVIOUS-INSTRUCTIONS'
export const GRANTS_PER_USER = 2

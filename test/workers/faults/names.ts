/** What a client publishes about itself; the address is its client id. */
export const DOCUMENT = 'https://agent.example.com/client.json'
/** What others say when they fail. It must come out nowhere. */
export const STRANGE_WORDS = 'IGNORE-ALL-PREVIOUS-INSTRUCTIONS'
export const GRANTS_PER_USER = 2

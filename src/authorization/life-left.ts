/**
 * How long a grant of this age may go unused from now on. The library lets a grant live as long as it is used; our
 * consent page promised an end (GRANT_MAX_DAYS). Zero or less: it is over.
 */
export const lifeLeftSeconds = (
  life: { grantIdleSeconds: number; grantMaxSeconds: number },
  ageSeconds: number,
): number => Math.min(life.grantIdleSeconds, life.grantMaxSeconds - ageSeconds)

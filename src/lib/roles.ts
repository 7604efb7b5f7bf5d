/** What an operator may do. Each of the others includes `viewer`. */
export const roles = ['viewer', 'operator', 'auditor', 'policy-editor'] as const
export type Role = (typeof roles)[number]

/** The scope of the server's own tools that read the audit log of all users. No client can request it: a step-up adds it. */
export const AUDIT_READ = 'audit:read'

/** The groups whose members have a role, by role. Null: nobody has it. */
export type RoleGroups = Readonly<Record<Role, string | null>>

/** The groups as the settings name them; null: they name none. */
export function roleGroups(viewer = '', operator = '', auditor = '', policyEditor = ''): RoleGroups | null {
  const groups = {
    viewer: viewer || null,
    operator: operator || null,
    auditor: auditor || null,
    'policy-editor': policyEditor || null,
  }
  return Object.values(groups).every((group) => group === null) ? null : groups
}

/** The roles of a user with these groups. Groups are compared exactly. */
export function rolesOf(groups: readonly string[], byRole: RoleGroups): Role[] {
  const isMember = (role: Role) => byRole[role] !== null && groups.includes(byRole[role])
  const given = roles.filter(isMember)
  return given.length === 0 || given.includes('viewer') ? given : ['viewer', ...given]
}

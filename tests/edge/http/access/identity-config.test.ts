// What an operator says of his identity provider, as either host reads it.
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { IDENTITY_VARIABLES, identityProviderOf } from '#edge/http/access/identity-config.ts'

const variables = {
  JWT_ISSUER: 'https://login.example.org/',
  JWT_AUDIENCE: 'parley',
  JWT_JWKS_URL: 'https://login.example.org/jwks',
}
const read = (given: Record<string, string>) => v.safeParse(v.object(IDENTITY_VARIABLES), given)

it('[JWT6] an issuer or audience that is empty is refused: it would check nothing', () => {
  const whole = read(variables)
  expect(whole.success && identityProviderOf(whole.output)).toMatchObject({
    issuer: variables.JWT_ISSUER,
    audience: 'parley',
  })
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_USER_CLAIM'])
    for (const empty of ['', ' ']) expect(read({ ...variables, [name]: empty }).success).toBe(false)
})

it('[JWT6] the three that belong together are needed together', () => {
  const half = read({ JWT_ISSUER: variables.JWT_ISSUER })
  expect(() => half.success && identityProviderOf(half.output)).toThrow()
})

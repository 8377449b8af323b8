// Error rates against properties that hold for any text, and examples worked out by hand.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, errorRate, spokenLanguage, unitsOf } from './engines/error-rate.ts'

describe('rates of errors', () => {
  const units = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 })

  it('[BEN10] a distance is none between equals, the same both ways, and never longer than a way round', () => {
    fc.assert(
      fc.property(units, units, units, (one, two, three) => {
        expect(distance(one, one)).toBe(0)
        expect(distance(one, two)).toBe(distance(two, one))
        expect(distance(one, two)).toBeLessThanOrEqual(distance(one, three) + distance(three, two))
        expect(distance(one, two)).toBeGreaterThanOrEqual(Math.abs(one.length - two.length))
      }),
    )
  })

  it('[BEN10] English is counted in words, Chinese in characters; punctuation, case, width and script do not count', () => {
    expect(unitsOf("It's TWO plus ３, isn't it?", 'en')).toEqual(['its', 'two', 'plus', '3', 'isnt', 'it'])
    expect(unitsOf('軟體，真好！ OK', 'zh')).toEqual(unitsOf('软体真好ok', 'zh'))
    expect(spokenLanguage('今天 OK')).toBe('zh')
    expect(spokenLanguage('fine')).toBe('en')
  })

  it('[BEN10] errors are summed over what was said: a lost, a wrong and a doubled word are one each', () => {
    const heard = [
      { said: 'what is your name', heard: 'what your game game' },
      { said: 'hello', heard: 'Hello!' },
    ]
    expect(errorRate(heard, 'en')).toEqual({ edits: 3, units: 5 })
    expect(errorRate([{ said: '你好嗎', heard: '你好' }], 'zh')).toEqual({ edits: 1, units: 3 })
  })
})

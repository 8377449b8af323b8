// The units and currencies that are written as signs: one, many, and in Simplified Chinese, where "…" stands for the amount
// when it does not come first. Pure data.

export interface UnitName {
  one: string
  many: string
  zh: string
}

const TABLE = `
km/h|kilometer per hour|kilometers per hour|公里每小时
m/s|meter per second|meters per second|米每秒
km²,km2,㎢|square kilometer|square kilometers|平方公里
m²,m2,㎡|square meter|square meters|平方米
m³,m3|cubic meter|cubic meters|立方米
cm²,cm2|square centimeter|square centimeters|平方厘米
km,㎞|kilometer|kilometers|公里
cm,㎝|centimeter|centimeters|厘米
mm,㎜|millimeter|millimeters|毫米
m|meter|meters|米
kg,㎏|kilogram|kilograms|公斤
mg|milligram|milligrams|毫克
g|gram|grams|克
mL,ml|milliliter|milliliters|毫升
L|liter|liters|升
°C,℃|degree Celsius|degrees Celsius|摄氏…度
°F,℉|degree Fahrenheit|degrees Fahrenheit|华氏…度
°|degree|degrees|度
kWh|kilowatt hour|kilowatt hours|千瓦时
kW|kilowatt|kilowatts|千瓦
W|watt|watts|瓦
V|volt|volts|伏
GHz|gigahertz|gigahertz|吉赫
MHz|megahertz|megahertz|兆赫
kHz|kilohertz|kilohertz|千赫
Hz|hertz|hertz|赫兹
Mbps|megabit per second|megabits per second|兆比特每秒
GB|gigabyte|gigabytes| GB
MB|megabyte|megabytes| MB
KB,kB|kilobyte|kilobytes| KB
TB|terabyte|terabytes| TB
ms|millisecond|milliseconds|毫秒
sec,s|second|seconds|秒
min|minute|minutes|分钟
hr,h|hour|hours|小时
mph|mile per hour|miles per hour|英里每小时
mi|mile|miles|英里
ft|foot|feet|英尺
lb,lbs|pound|pounds|磅
oz|ounce|ounces|盎司
dB|decibel|decibels|分贝
`

export const UNITS = new Map<string, UnitName>(
  TABLE.trim()
    .split('\n')
    .flatMap((line) => {
      const [symbols = '', one = '', many = '', zh = ''] = line.split('|')
      return symbols.split(',').map((symbol): [string, UnitName] => [symbol, { one, many, zh }])
    }),
)

export interface CurrencyName extends UnitName {
  /** The hundredth, where it is said. */
  cents?: { one: string; many: string }
}

const CENTS = { one: 'cent', many: 'cents' }
const US: CurrencyName = { one: 'dollar', many: 'dollars', zh: '美元', cents: CENTS }
const TAIWAN: CurrencyName = { one: 'Taiwan dollar', many: 'Taiwan dollars', zh: '新台币…元' }
const HONG_KONG: CurrencyName = { one: 'Hong Kong dollar', many: 'Hong Kong dollars', zh: '港币…元' }
const YUAN: CurrencyName = { one: 'yuan', many: 'yuan', zh: '元' }
const EURO: CurrencyName = { one: 'euro', many: 'euros', zh: '欧元', cents: CENTS }
const POUND: CurrencyName = { one: 'pound', many: 'pounds', zh: '英镑', cents: { one: 'penny', many: 'pence' } }

export const CURRENCIES: Record<string, CurrencyName> = {
  $: US,
  US$: US,
  USD: US,
  NT$: TAIWAN,
  NTD: TAIWAN,
  TWD: TAIWAN,
  HK$: HONG_KONG,
  HKD: HONG_KONG,
  '¥': YUAN,
  '￥': YUAN,
  CNY: YUAN,
  RMB: YUAN,
  JPY: { one: 'yen', many: 'yen', zh: '日元' },
  '€': EURO,
  EUR: EURO,
  '£': POUND,
  GBP: POUND,
  '₩': { one: 'won', many: 'won', zh: '韩元' },
}

// What the responder tells when asked for a story: replies long enough to be interrupted.

export const STORIES_EN = [
  'Once upon a time, a lighthouse keeper lived alone on a small island. Every evening she climbed the stairs and lit the lamp. One night the lamp went dark, and a storm was coming. She took her old violin to the top of the tower and played as loudly as she could. Out at sea, the sailors heard the music and turned away from the rocks. In the morning they came ashore to thank her, and they brought a new lamp. Since then, on quiet nights, you can hear a violin over the water. That is the end of the story.',
  'There was a young fox who wanted to see where the river ends. She followed it past the mill, past the town, and over the green hills. A heron told her that the river never ends. A fisherman told her that it ends in his nets. After seven days she came to the sea, and she saw that the river only becomes wider. She went home slowly, and she told the other foxes that some roads do not stop. They grow. That is the end of the story.',
]

export const STORIES_ZH = [
  '从前，有一位守灯塔的老人，独自住在一个小岛上。每天傍晚，他都爬上塔顶，把灯点亮。有一天夜里，灯坏了，暴风雨就要来了。他拿起旧琴，站在塔顶，用力地拉。海上的水手听见了琴声，绕开了礁石。第二天早上，他们上岸来感谢他，还带来了一盏新灯。从那以后，安静的夜里，海面上常常传来琴声。故事讲完了。',
  '有一只小狐狸，想看看河流到哪里结束。它沿着河走，走过磨坊，走过小镇，走过青山。白鹭告诉它，河流没有尽头。渔夫告诉它，河流的尽头是他的网。走了七天，它来到了海边，看见河流只是变得更宽了。它慢慢走回家，告诉别的狐狸，有些路不会停下，只会变得更宽。故事讲完了。',
]

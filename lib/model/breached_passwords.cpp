// SPDX-License-Identifier: Apache-2.0
#include "model/breached_passwords.hpp"

namespace muster::model {

std::string_view breached_passwords() {
  // Bases only: BreachedList::contains() finds their usual decorations too (see there).
  return R"(
000000 00000000 0000000000 010203 01234567 012345678 0123456789 0987654321 101010 10101010 102030 11111
111111 1111111 11111111 111111111 1111111111 111222 111222333 11223344 1122334455 112233 112358 12121212
121212 123 123000 123123 123123123 12312312 1231234 123321 123321123 1234 12341234 12344321 12345 123454321
1234554321 123456 1234567 12345678 123456789 1234567890 12345678910 1234567891 12345679 123456a 123456abc
123456q 123456qwerty 1234abcd 1234qwer 12345qwert 123654 123654789 123789 123789456 123abc 123abc123 123asd
123qwe 123qwe123 123qweasd 123qweasdzxc 131313 131313131 142536 147258 147258369 147852 147852369 159357
159753 159753456 159951 1a2b3c 1a2b3c4d 1g2w3e4r 1q1q1q1q 1q2w3e 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz1qaz
1qaz2wsx 1qaz2wsx3edc 1qazxsw2 1qw23er4 20202020 212121 222222 22222222 232323 246810 252525 258456 258852
292929 3rjs1la7qe 333333 33333333 321321 321654 321654987 414141 420420 444444 44444444 456123 456456 456789
4815162342 515151 555555 55555555 5555555555 565656 654321 6543210 666666 66666666 696969 69696969 741852
741852963 753951 753159 76543210 777777 7777777 77777777 7777777777 789456 789456123 789789 8675309 852456
87654321 876543210 888888 88888888 8888888888 909090 951753 963852741 987654 98765432 987654321 9876543210
999999 99999999 9999999999 a123456 a12345678 a123456789 a1b2c3 a1b2c3d4 a1b2c3d4e5 a1s2d3f4 aa123456 aaaaaa
aaaaaaaa aaaaaaaaaa abc123 abc12345 abc123456 abcabc abcd abcd1234 abcd12345 abcde abcdef abcdefg abcdefgh
abcdefghi abcdefghij access access14 account action adgjmptw adidas admin administrator adminadmin adobe123
airplane alabama alejandra alejandro alexander alexandra alexis alicia allison amanda amateur america
american anderson andrea andrew angel angela angels animal anthony antonio apollo apple apples archer
arsenal arthur asdasd asdasdasd asdf asdf1234 asdfasdf asdfgh asdfghj asdfghjk asdfghjkl asdfjkl asdqwe123
asdzxc ashley asshole august austin autumn awesome azerty azertyuiop babygirl babyboy backspace badboy
bailey banana barbie barcelona baseball basketball batman beautiful beauty beckham benjamin berlin
bestfriend biteme blackie blessed blessing blink182 bluebird boomer booboo boston bottle bradley brandon
braves brazil brittany broncos brooklyn brother bubbles buddy buster butterfly butthead calvin camaro
camille canada captain carlos carolina caroline casper castle celtic cellphone champion change changeme
changeit charles charlie charlotte chelsea cherry chester chicago chicken children chocolate chopper christ
christian christina christine christmas christopher claudia cocacola college colorado comeonin compaq
computer confused connect contrasena control cookie cookies cooper corvette counter courtney cowboy cowboys
creative cristiano cristina crystal dakota dallas daniel daniela danielle darkness david deadpool december
default defender demo denver destiny dexter diablo diamond diamonds dinosaur dolphin dolphins domino donald
dragon dragonball dragons dreamer dreams drowssap dubsmash eagles eclipse edward einstein elephant elizabeth
eminem emmanuel emperor enter england enterprise esther estrella evergreen explorer facebook fairlane faith
falcon family fantasy fashion february fender ferrari fireball firebird firefire fireman firewall fishing
flamengo florida flower flowers football forever formula forsaken francis francisco franklin freddie freddy
freedom friday friend friends friendship fuckme fuckoff fuckyou fuckyou2 gabriel gabriela gandalf garfield
gateway genesis genius george georgia gerald gibson ginger giovanni giuseppe gizmo godisgood godzilla
goldfish google gordon grandma grandpa green greenday guest guinness guitar gunner gunners hahaha hahahaha
hammer hannah happiness happy happyday hardcore harley harleydavidson harrypotter hawaii heather hello
hello123 hellokitty helloworld helpme hercules hershey hockey holiday hollywood homer honey hotdog hotmail
hottie houston hunter hunter2 iceman iloveu iloveyou iloveyou2 iloveyou1 iloveyousomuch iloveme ilovegod
internet inuyasha ironman isabella isabelle iwantu jackass jackson jaguar january jasmine jasper jayden
jeffrey jennifer jeremy jerome jessica jessie jesus jesuschrist johnny johnson jonathan jordan jordan23
joseph joshua juliana juliette junior jupiter justice justin justinbieber karina katherine kathleen katrina
kawasaki kevin killer kimberly kingdom kingkong kitten kittycat knight kristina ladybug lakers lalala laptop
lasvegas lauren leather legend lemonade leonardo letmein letmein1 letmein2 letmeinnow liberty lifehack
lincoln linkedin liverpool liverpoolfc logitech loveless lovelove lovely loveme loveyou lover lovers lucifer
lucky machine macintosh madison maggie magic manchester manutd marcus margarita maria mariana marie marina
marine marino mariposa marlboro marshall martin martina master masterkey matrix matthew maverick maxwell
melanie melissa mercedes mercury metallica mexico michael michaela michelle mickey midnight million
minecraft miranda mitchell mohamed mohammed monday money monica monkey monkeys monster montana morgan mother
motorola mountain movies muffin mustang myspace naruto nascar natalia natalie nathan nathaniel newcastle
newpassword newyork nicholas nicole nintendo nirvana nothing november nowayout octopus october offline
oliver olivia onelove online oracle orange orlando packers pakistan pamela panther panthers paradise parker
parola pass passion passport passw0rd password password1 password12 password123 password1234 passpass passwd
passwort patches patricia patrick peaches peanut pebbles penguin pepper peterpan phantom philip phoenix
picture pikachu pineapple pokemon poohbear poop popcorn porsche portugal power precious president princess
princesa private public pumpkin purple pussy qazqaz qazwsx qazwsx123 qazwsxedc qazxsw qazxswedc q1w2e3
q1w2e3r4 q1w2e3r4t5 qqqqqq qqqqqqqq qqww1122 qwaszx qwe123 qweasd qweasdzxc qweqwe qweqweqwe qwer1234
qwerasdf qwert qwert123 qwerty qwerty1 qwerty12 qwerty123 qwerty12345 qwerty123456 qwertyu qwertyui
qwertyuiop qwertz qwertzuiop qwqwqw rachel raiders rainbow ranger rangers raymond realmadrid rebecca
redskins redsox remember ricardo richard robert roberto robinson rocknroll rockstar rockyou ronaldo root
rosebud russia sabrina saints salasana samantha samson samsung samuel sandra santiago saturday saturn
savannah school scooter scorpion scotland sebastian secret secret123 secure security selena senha september
sergey serenity server service sexy sexyboy sexygirl shadow shalom shannon shelby shorty sierra silver
simple simpson simpsons skittles skywalker slayer slipknot smokey snickers snoopy snowball soccer softball
softail soleil something sophia sophie spartan special spider spiderman spitfire spongebob spring squirrel
stalker stanley starcraft stargate startrek starwars steelers stella stephanie steven student success sugar
summer sunday sunflower sunshine superman supernova superstar support supreme susana suzuki swordfish sydney
tamara target tarheels taurus taylor teacher teddybear temp temp123 temppass tennis tequila teresa test
test123 test1234 testing testtest thankyou theman theresa therock thomas thunder thursday tiffany tigers
tigger tinkerbell titanic tomcat toyota training trinity trooper trouble trustme trustno1 tuesday tweety
twitter undertaker unicorn united university unknown user valentina valentine valeria vampire vanessa
verizon veronica vfhbyf victor victoria viking vincent violet viper virginia volcom volkswagen voyager
walker warcraft warrior warriors webmaster wednesday welcome welcome1 westside whatever whatsapp william
williams willow wilson windows winner winston winter wisdom wolverine wonderful wrestling xavier xbox360
xxxxxx xxxxxxxx yamaha yankees yellow yourmom zachary zaq12wsx zaq1xsw2 zaqxsw zaqwsx zaqzaq zidane zinch
zoosk zxc123 zxcasdqwe zxcvb zxcvbn zxcvbnm zxcvbnm123 zxczxc zxczxczxc zzzzzz zzzzzzzz
)";
}

}  // namespace muster::model

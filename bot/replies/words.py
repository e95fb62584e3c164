"""What officials type, as literal tables: a phrase (as `deadlines.text.fold` has it) and its role.

To teach the bot a way of saying something, add the phrase to one row of `PHRASES`. The longest
phrase that fits is taken, so an exception ("không vướng gì") is simply a longer row than its rule.
"""

from enum import StrEnum

from deadlines.text import fold


class Role(StrEnum):
    """What a word does in an answer."""

    # The eight things an answer can say.
    DONE = "done"
    ACK = "ack"
    OBSTACLE = "obstacle"
    EXTENSION = "extension"
    UNDO = "undo"
    NOT_MINE = "not_mine"
    STATUS = "status"
    HELP = "help"
    # Words that finish a sentence about "done".
    DONE_VERB = "done_verb"  # "hoàn thành" alone may also be a noun or an order
    SEND = "send"  # gửi, nộp: done only when perfective and nothing else is unclear
    PERFECT = "perfect"  # đã, rồi, vừa
    MAYBE_PERFECT = "maybe_perfect"  # "da" without diacritics: đã or dạ
    THING = "thing"  # báo cáo, kết quả, and to whom they go
    # Words that keep an answer from being done.
    NOT = "not"
    LATER = "later"  # future, part of it, doubt
    ASK = "ask"  # questions and conditions
    MAY_I = "may_i"  # "được không ạ": a polite request as well as a question
    SOON = "soon"  # a time that is past only when "đã" or "rồi" says so
    ORDER = "order"  # before the word: what should be done, or by others
    THEN = "then"  # after the word: "xong thì báo"
    BARELY = "barely"  # "mới xong": just done, or only a part of it
    BUT = "but"  # opens a clause that may say the opposite
    # Words around numbers, and words that say nothing.
    MARK = "mark"
    AND = "and"
    YES = "yes"
    FILL = "fill"
    # Not words.
    NUMBER = "number"
    RANGE = "range"
    DOCUMENT = "document"
    DATE = "date"
    FACT = "fact"  # a count, a period, an amount: a number that names no duty
    PART = "part"  # 50 %, 1/3, phần 1: some of it
    VAGUE = "vague"  # a number that may be a duty or something else
    COMMAND = "command"
    COMMA = "comma"
    COLON = "colon"
    STOP = "stop"
    QUESTION = "question"
    OTHER = "other"


def _rows(text: str) -> tuple[str, ...]:
    return tuple(map(fold, text.split("|")))


PHRASES: dict[Role, tuple[str, ...]] = {
    Role.DONE: _rows(
        "xong|xong het|xong xuoi|xong ca|xong toan bo|xong tat ca|lam xong|bao xong"
        "|bao cao xong|bao hoan thanh|bao cao hoan thanh|bao cao da hoan thanh|thuc hien xong"
        "|xu ly xong|giai quyet xong|gui xong|nop xong|trinh xong|trien khai xong"
        "|hoan thanh xong|xong viec|da hoan thanh|da hoan tat|da hoan tat xong|hoan thanh roi"
        "|hoan tat roi|da ht|ht roi|da xong|da lam xong|da thuc hien xong|da xu ly xong"
        "|da giai quyet xong|da song|song roi|song r|xog|xoq|xonq|xon|xoong|done|finished"
        "|completed|complete|finish|doen|dne|ghi nhan hoan thanh|ghi nhan da xong"
        "|cap nhat da xong|cap nhat hoan thanh|xac nhan hoan thanh|xac nhan da hoan thanh"
        "|xac nhan xong|xac nhan da xong|da thuc hien roi|thuc hien roi|da lam roi|lam roi"
        "|da xu ly roi|xu ly roi|danh dau xong|danh dau hoan thanh|danh dau da xong"
        "|danh dau da hoan thanh"
    ),
    Role.DONE_VERB: _rows("hoan thanh|hoan tat|hoanh thanh|hoan tanh|hon thanh"),
    Role.SEND: _rows(
        "gui|nop|ban hanh|phat hanh|gui di|nop len|gui len|gui ve|nop ve|gui kem|xin gui"
        "|thuc hien|xu ly|giai quyet|lam|submitted|sent"
    ),
    Role.PERFECT: _rows("roi|r|roii|rui|vua|vua moi|da duoc|have|has|already"),
    Role.MAYBE_PERFECT: _rows("da"),
    Role.THING: _rows(
        "bao cao|bc|ket qua|tai lieu|ho so|ke hoach|van ban|vb|cong van|cv|to trinh|ttr"
        "|quyet dinh|qd|bieu mau|phu luc|bieu|minh chung|file|kem|kem theo|theo|tai|qua|ve|cho"
        "|len|bang|so|ban chi dao|bcd|van phong|ubnd|ubnd tinh|tinh|so khcn|khcn|so khoa hoc"
        "|khoa hoc va cong nghe|khoa hoc cong nghe|co quan thuong truc|email|mail|truc"
        "|lien thong|truc lien thong|he thong|ioffice|hom qua|sang nay|hom kia|tuan truoc"
        "|thang truoc|dinh ky|thong ke|quy|thang|nam|duoc|don vi|cac|so lieu|chuyen doi so"
        "|phan mem|thanh phan|phan cong|phan anh|phan tich|chuong trinh|quy trinh|cong trinh"
        "|trinh do|dau tu|dau moi|can bo|can cu|co so|co so du lieu|to cong tac|cho so|cho ban"
        "|cho anh|cho chi|hoi nghi|nghi quyet|nghi dinh"
    ),
    Role.NOT: _rows(
        "chua|chuwa|chx|ch|khong|ko|k|hok|hong|hem|hk|kg|khg|kh|khum|chang|deo|cha|not|isnt"
        "|wont|cannot|cant|dont|didnt|havent|hasnt|never|yet|unable|dung ghi|dung bao|dung tinh"
        "|chua he|chua the|chua duoc|khong the|khong duoc|ngung|tam dung|dung lai|bo qua|fail"
        "|failed|no|isn|hasn|haven|won|didn|doesn|aren|wasn|couldn|shouldn|dung danh dau"
        "|dung tich|dung xac nhan|dung cap nhat|dung dong|dung bao cao xong|dung cho la"
    ),
    Role.LATER: _rows(
        "se|sap|sap sua|mai|ngay mai|ngay mot|ngay kia|hom sau|tuan sau|thang sau|quy sau"
        "|nam sau|tuan toi|thang toi|quy toi|toi day|sap toi|ti nua|lat nua|chut nua|lat|nua"
        "|dang|van|dinh|du kien|du dinh|co gang|phan dau|quyet tam|hua|cam ket|hen|chuan bi"
        "|bat dau|tiep tuc|mot phan|phan|phan dau tien|nua chung|mot nua|gan|gan nhu|co ban"
        "|ve co ban|so bo|du thao|ban nhap|buoc dau|tam thoi|tam xong|hau het|phan lon|da phan"
        "|hoi|con thieu|thieu|tru|ngoai tru|chi con|chi xong|chi moi|vai|mot so|mot it"
        "|phan tram|tuong|coi nhu|xem nhu|hinh nhu|chac|chac la|co le|co the|hy vong|hi vong"
        "|mong|uoc|nghe noi|nghe bao|nghe dau|khac|xin y kien|lay y kien|gop y|tham dinh"
        "|phe duyet|cho duyet|cho ky|trinh ky|trinh lanh dao|trinh|lanh dao|ra soat|bo sung|kip"
        "|con lai|con no|do dang|lo lo|da ghi nhan|nhac viec|will|soon|almost|nearly|half"
        "|partly|partially|tomorrow|should|must|need|going|to be|by|try|trying|well|later|todo"
        "|khuya|suyt|bang duoc|cung duoc|truoc da|ty le|ti le|muc do|dat|day nhanh|sau|de|dau"
        "|xong phim|xong doi|da ghi nhan hoan thanh|da ghi nhan xong|gi ma|cho xong"
        "|cho hoan thanh|moi xong phan|tam|kho xong|kho hoan thanh|kho ma xong|khao sat|du toan"
        "|de cuong|thu thap|dau thau|thoi xong|thoi xong roi|xong om|khong chac|hop xong"
        "|an xong|an com xong|doc xong|xem xong|nghe xong|hoc xong|noi xong|goi xong|thi xong"
        "|tan hop|xin hoan thanh|di ve xong|kiem tra xong|doi ky|doi duyet|doi phe duyet"
        "|cho bao cao lai|nghi|nghi la|toi nghi|em nghi|doan|em doan|co ve|eo|rang|hoac"
        "|trua mai|sang mai|toi mai|xong toi noi|ban word|chac la da"
    ),
    Role.ASK: _rows(
        "neu|khi nao|bao gio|luc nao|hoi nao|chung nao|the nao|nhu the nao|lam sao|tai sao"
        "|vi sao|sao|nao|ai|may gio|bao lau|bao nhieu|phai khong|dung khong|dung ko|phai ko"
        "|co phai|hay chua|khong biet|gia su|truong hop|thi sao|khi|sau khi|truoc khi|trong khi"
        "|kinh gui|if|when|once|until|unless|what|how|why|who|is it|are you|chang biet|nhi|ha"
        "|hay khong|hay sao|vay sao|neu khong nham|khong nham|xong chu|hoan thanh chu|gi"
    ),
    Role.MAY_I: _rows("duoc khong|dc khong|duoc ko|dc ko|duoc k|dc k|duoc chu|co duoc khong"),
    Role.SOON: _rows(
        "nay|hom nay|chieu nay|toi nay|dem nay|chieu|trong|trong ngay|trong tuan|trong thang"
        "|trong quy|truoc|truoc ngay|cuoi|cuoi tuan|cuoi ngay|cuoi thang|den|som|luc|vao"
        "|tuan nay|thang nay|quy nay|xong som|today|tonight|friday|monday|week|thu hai|thu ba"
        "|thu tu|thu nam|thu bay|chu nhat|cn"
    ),
    Role.ORDER: _rows(
        "hay|can|phai|bat buoc|tien do hoan thanh|tien do thuc hien|thoi han|han"
        "|ngay hoan thanh|muc tieu|chi tieu|doi|lo|nhanh|mau|thoi gian|viec hoan thanh|nham muc"
        "|huong toi|nho|cac don vi|ho|bao la|noi la|duoc giao|thi dua|get it|let|get|want"
        "|please|toi khi|den khi|muon|de nghi|yeu cau|nhac|don doc|ket qua hoan thanh"
        "|tinh hinh hoan thanh|danh sach hoan thanh|giay hoan thanh|muc hoan thanh|noi da xong"
        "|noi da hoan thanh|bao da hoan thanh"
    ),
    Role.THEN: _rows(
        "thi|la|bao|bao lai|roi gui|roi nop|roi bao|roi bao cao|roi trinh|goi|alo|nhan tin|ib"
        "|inbox|cai gi|cai da|bao sau"
    ),
    Role.BARELY: _rows("moi"),
    Role.BUT: _rows("nhung|nhung ma|con|rieng|tuy nhien|con viec|but|except|tuy"),
    Role.ACK: _rows(
        "da nhan|da nhan duoc|nhan|nhan duoc|nhan roi|nhan dc|da nhan dc|da tiep nhan|tiep nhan"
        "|da ro|ro|ro roi|em ro|toi ro|da xem|da doc|da biet|biet roi|da nam|nam duoc"
        "|da nam duoc|nam roi|tiep thu|xin tiep thu|da tiep thu|nhat tri|dong y|thong nhat"
        "|noted|received|roger|got it|copy|da thay|thay roi|da hieu|hieu roi|se lam"
        "|se thuc hien|se trien khai|se lam ngay|se thuc hien ngay|se trien khai ngay"
        "|xac nhan da nhan|xac nhan|da nhan thong bao|da nhan thong tin|da nhan tin"
        "|da nhan viec|da nhan nhiem vu|nhan viec|nhan nhiem vu|acknowledged|ack|understood"
        "|da nhan van ban|xin nhan|nhan lenh|da nhan lenh|da tiep nhan thong tin|tuan lenh"
        "|xem roi|doc roi|da nghe|nghe ro"
    ),
    Role.YES: _rows(
        "vang|vg|ok|oke|oki|okie|okey|okay|okela|okla|okk|o ke|uk|uki|u|um|uh|duoc roi|dc"
        "|da vang|vang da|yes|yep|sure"
    ),
    Role.UNDO: _rows(
        "hoan tac|undo|rut lai|rut bao cao xong|mo lai|bao nham|bam nham|an nham|go nham"
        "|nhan nham|danh nham|ghi nham|tra loi nham|nhan tin nham|lo tay|lo bam|lo nhan|bam lon"
        "|bao lon|nham|nham roi|bi nham|gui nham|gui nham tin|xac nhan nham|cap nhat nham"
        "|bao cao nham|huy xong|huy bao xong|huy hoan thanh|huy bao hoan thanh|huy xac nhan"
        "|huy ket qua|huy bo xong|huy bo hoan thanh|huy bo ket qua|huy thao tac|huy|huy bo"
        "|bo xong|bo bao xong|hoan tac xong|hoan tac viec xong|hoan tac bao xong"
        "|hoan tac hoan thanh|bo danh dau|bo danh dau xong|bo danh dau hoan thanh"
        "|rut lai bao xong|xin rut lai|thu hoi bao xong|danh dau nham|tich nham|chon nham"
        "|nham nut|huy lenh|revert|rollback|oops|lo bao|lo danh dau|lo bam xong|lo bao xong"
        "|lo tay bam|bao xong nham|bao hoan thanh nham|bam xong nham|lon roi|ghi lon|nhan lon"
        "|em lon|em bao lon|xin hoan tac|cho hoan tac|de nghi hoan tac|xin duoc hoan tac"
        "|cho em hoan tac"
    ),
    Role.NOT_MINE: _rows(
        "khong phai viec cua|khong phai nhiem vu cua|khong phai trach nhiem cua"
        "|khong phai dau viec cua|khong phai viec|khong phai nhiem vu|khong phai trach nhiem"
        "|khong phai phan viec|khong phai viec toi|khong phai cua|khong phai so"
        "|khong phai don vi|khong phai ben|khong thuoc|khong thuoc tham quyen|khong lien quan"
        "|khong phu trach|khong duoc giao|khong phai em|khong phai toi|khong phai chung toi"
        "|khong phai minh|khong chu tri|khong phai chu tri|khong phai linh vuc"
        "|khong phai chuc nang|khong dung chuc nang|khong dung tham quyen|nham don vi"
        "|nham co quan|nham nguoi|nham dia chi|giao nham|chuyen nham|sai don vi|sai co quan"
        "|sai nguoi|giao sai|nham dau moi|gui nham don vi|gui nham co quan|gui nham nguoi"
        "|gui nham cho|gui nham dia chi|giao nham don vi|giao nham co quan|giao nham nguoi"
        "|khong con phu trach|khong phai dau moi|not mine|not my task|not my job|wrong person"
        "|wrong agency|trai tham quyen|ngoai tham quyen|viec cua don vi khac|viec cua so khac"
        "|viec cua co quan khac|thuoc tham quyen cua don vi khac"
        "|thuoc trach nhiem cua don vi khac|chuyen don vi khac|viec nay thuoc"
        "|nhiem vu nay thuoc|viec nay cua so|viec nay la cua|chuyen cho so khac|chuyen so khac"
        "|chuyen cho don vi khac|de nghi chuyen so|de nghi chuyen cho|de nghi chuyen don vi"
        "|nhan nham nguoi|nhan nham don vi|nhan nham so|goi nham|goi nham nguoi"
    ),
    Role.EXTENSION: _rows(
        "gia han|giahan|xin gia han|de nghi gia han|xin duoc gia han|cho gia han|xin lui|xin doi"
        "|lui han|lui thoi han|lui thoi gian|lui den|lui sang|lui lai|lui ngay|lui toi|doi han"
        "|doi den|doi sang|doi thoi han|doi ngay|doi lai|keo dai thoi gian|keo dai thoi han"
        "|keo dai den|keo dai them|xin keo dai|xin khat|khat|xin cham|nop cham|nop muon"
        "|xin nop muon|xin nop cham|gui cham|gui muon|xin hoan|hoan den|hoan sang|hoan lai"
        "|xin them|cho them|them thoi gian|cho xin them|cho em them|cho toi them"
        "|cho em xin them|cho toi xin them|cho so them|them thoi han|xin thu cho|extension"
        "|extend|more time|postpone|delay|gia han them|xin tang thoi gian|xin tre|xin tre han"
        "|xin lui han|xin doi han|de nghi lui|de nghi doi|de nghi keo dai|cho phep lui"
        "|cho phep doi|cho lui|cho doi|cho khat|xin thêm thời gian|noi han|xin noi han"
        "|noi thoi han|can them|can them thoi gian|lui|cho em den|cho toi den|cho so den"
        "|xin den|cho phep keo dai|nop tre|xin nop tre|xin phep nop tre|gui tre|xin gian"
        "|gian tien do|gian han|dieu chinh thoi han|dieu chinh thoi gian|dieu chinh han"
        "|doi thoi gian"
    ),
    Role.OBSTACLE: _rows(
        "vuong|vuong mac|bi vuong|dang vuong|gap vuong mac|con vuong|con vuong mac|kho khan"
        "|gap kho|gap kho khan|gap truc trac|truc trac|thieu kinh phi|thieu nhan luc"
        "|thieu nguoi|thieu can bo|thieu so lieu|thieu du lieu|thieu nhan su|thieu von"
        "|thieu nguon|thieu nguon luc|thieu thiet bi|thieu huong dan|thieu may|thieu thong tin"
        "|thieu ho so|thieu bien che|thieu tien|thieu van ban|chua co kinh phi|chua co so lieu"
        "|chua co du lieu|chua co huong dan|chua co nguon|chua co von|chua co nhan su"
        "|chua co can bo|chua co nguoi|chua co van ban huong dan|chua co mat bang"
        "|chua co van ban|chua co quyet dinh|chua co y kien|chua co thong tin|chua co he thong"
        "|chua bo tri duoc|chua bo tri|chua duoc bo tri|chua duoc cap|chua duoc cap kinh phi"
        "|chua duoc phe duyet|chua nhan duoc so lieu|chua nhan duoc huong dan"
        "|chua nhan duoc y kien|chua nhan duoc kinh phi|chua nhan duoc phan hoi"
        "|khong co kinh phi|khong co so lieu|khong co nguon|khong co nhan luc|khong co nguoi"
        "|khong du kinh phi|khong du nguoi|khong du nhan luc|khong bo tri duoc|cho y kien"
        "|doi y kien|cho huong dan|doi huong dan|cho so lieu|doi so lieu|cho kinh phi"
        "|doi kinh phi|cho phan hoi|cho van ban|dang cho y kien|dang cho huong dan"
        "|dang cho so lieu|bat cap|tro ngai|ach tac|tac o|loi he thong|he thong loi"
        "|phan mem loi|loi phan mem|blocked|stuck|problem|obstacle|bi ket|chua xong vi"
        "|chua xong do|chua lam duoc vi|chua lam duoc do|chua thuc hien duoc do"
        "|chua thuc hien duoc vi|chua hoan thanh do|chua hoan thanh vi|chua the hoan thanh do"
        "|chua the hoan thanh vi|cham do|cham vi|khong dang nhap duoc|khong truy cap duoc"
        "|khong vao duoc|khong gui duoc|dang nhap khong duoc|chua dang nhap duoc|chua co tien"
        "|khong co tien|khong lam duoc vi|khong lam duoc do|khong thuc hien duoc do"
        "|khong thuc hien duoc vi|khong the thuc hien do|khong the thuc hien vi|ho tro kinh phi"
        "|de nghi ho tro kinh phi|de nghi thao go|can thao go"
    ),
    Role.STATUS: _rows(
        "tinh hinh|tinh hinh the nao|trang thai|status|con viec gi|con nhung viec gi"
        "|con nhung viec nao|con viec nao|con bao nhieu viec|danh sach viec|danh sach nhiem vu"
        "|danh sach dau viec|ds viec|viec cua toi|viec cua em|viec nao qua han|viec qua han"
        "|viec nao den han|viec den han|tien do|the nao roi|den dau roi|toi dau roi"
        "|viec con lai|cac viec con lai|con lai viec gi|qua han|con gi chua xong"
        "|con viec gi chua xong|viec gi chua xong|viec nao chua xong|viec chua xong"
        "|con no viec gi|con may viec|xem viec|liet ke viec|liet ke|list|tasks|my tasks"
        "|co viec gi|co viec gi moi|danh sach|xem danh sach|xem danh sach viec|xem tinh hinh"
        "|xem trang thai|cho xem viec|cho xem danh sach|cho xem danh sach viec|tra cuu"
        "|hom nay co viec gi|viec sap den han|con viec gi khong|con viec gi nua"
        "|con viec gi nua khong|con viec nao nua khong|nhung viec da xong"
        "|nhung viec da hoan thanh|nhung viec nao da xong|viec nao da xong|sao roi|ra sao roi"
        "|ra sao|con viec nao chua xong|con viec gi chua lam|con nhung viec nao chua xong"
        "|viec nao chua lam|con viec nao chua lam|con nhung viec gi chua xong|viec gi chua lam"
    ),
    Role.HELP: _rows(
        "tro giup|giup|giup toi|giup em|giup voi|help|help me|huong dan|huong dan su dung|hdsd"
        "|menu|cach dung|cach su dung|su dung the nao|dung the nao|dung nhu the nao"
        "|su dung nhu the nao|can giup|can giup do|can tro giup|lenh|cac lenh|danh sach lenh"
        "|giup do|huong dan cach|tra loi the nao|tra loi nhu the nao|bao the nao|lam the nao"
        "|lam the nao de|can huong dan|lam sao de|cach bao|cach tra loi|xin huong dan"
        "|cho hoi cach|xin tro giup|ho tro|can ho tro|need help"
    ),
    Role.MARK: _rows(
        "viec|viec so|nhiem vu|nhiem vu so|dau viec|dau viec so|cong viec|cong viec so|nv|nv so"
        "|dv|ma|ma so|ma viec|ma viec so|ma nhiem vu|ma so nhiem vu|task|duty|stt|so thu tu"
        "|viec ma|viec ma so|nhiem vu ma so|nhiem vu thu|cac viec|cac viec so|cac nhiem vu"
        "|cac dau viec|cac nhiem vu so|id|hai viec|ba viec|viec thu|cac cong viec|ca viec"
        "|noi dung viec"
    ),
    Role.AND: _rows("va|voi|cung|lan|and|cung voi|roi den"),
    Role.FILL: _rows(
        "a|ah|ah a|nhe|nha|nhen|thoi|day|do|em|e|anh|chi|toi|minh|chung toi|chung em|co|chu"
        "|thua|thua anh|thua chi|xin bao|xin bao cao|so toi|so em|don vi toi|ben em|ben toi"
        "|a chi|ac|oi|chao|xin chao|hi|hello|cam on|cam on anh|cam on chi|xin cam on|thanks|tks"
        "|thank you|tran trong|tran trong cam on|luon|het|ca|tat ca|toan bo|hen nha|nheee|kinh"
        "|dung han|truoc han|truoc thoi han|dung tien do|dung thoi han|dung yeu cau"
        "|dung quy dinh|day du|du|dung thoi gian|tot|xuat sac|cong tac|tre han|cham"
        "|theo yeu cau|theo quy dinh|dung|roi day|roi do|em chon|chon|phim|bam|tra loi|tl|rep"
        "|hoi dap|option|da xin|ne|nak|nhaa|nhes|nhe a|nha a|i|am|it|is|its|im|we|the|viec nay"
        "|nhiem vu nay|dau viec nay|viec do|cai nay|a nhe|a nha|sep|sep oi|dong chi|d c"
        "|thi phai|ngay xong|da thua|ban|khong vuong gi|khong vuong mac gi|khong co vuong mac"
        "|khong co vuong mac gi|khong co kho khan|khong co kho khan gi|khong kho khan gi"
        "|khong vuong|khong vuong mac|khong con vuong|khong con vuong mac|khong con vuong gi"
        "|het vuong|het vuong mac|khong phat sinh|khong phat sinh gi|khong co y kien"
        "|khong co y kien gi|khong co y kien gi them|khong can gia han|khong xin gia han"
        "|khong gia han|khong can gia han nua|khong xin gia han nua|da thao go vuong mac"
        "|da het vuong|duoc phe duyet|da duoc phe duyet|da go vuong|da go xong vuong mac"
        "|da thao go xong vuong mac|khong co gi vuong|khong gap kho khan gi"
        "|khong gap vuong mac gi|khong gap kho khan|tinh den nay|den nay|cho den nay"
        "|den thoi diem nay|hom nay da|khong hoan tac|khong can hoan tac|dung hoan tac"
        "|de nghi ghi nhan|de nghi cap nhat|de nghi xac nhan|nho ghi nhan|nho cap nhat"
        "|nho xac nhan|nho anh cap nhat|nho chi cap nhat|de nghi anh chi cap nhat|ngay|cua|on"
        "|for|with|bot|of|my|this|that|ma thoi|chinh xac|tu|tre|o|deu|cai|roi nhe"
        "|cam on anh da nhac|cam on da nhac|xin loi|xin|hom"
    ),
}  # fmt: skip

# Two words that differ only in their marks: here the mark decides, where it is typed.
ACCENTED: dict[str, Role] = {
    "à": Role.ASK, "hả": Role.ASK, "ư": Role.ASK, "nhỉ": Role.ASK, "dạ": Role.YES,
    "đã": Role.PERFECT, "những": Role.FILL, "sáu": Role.FILL, "đúng": Role.FILL,
    "chỉ": Role.LATER, "muộn": Role.FILL, "nhằm": Role.OTHER, "vướng": Role.OBSTACLE,
    "đừng": Role.NOT, "cán": Role.OTHER, "tôi": Role.FILL, "mới": Role.BARELY,
    "vắng": Role.OTHER, "nhân": Role.OTHER, "là": Role.THEN, "kẹt": Role.OBSTACLE,
    "hoãn": Role.EXTENSION, "chị": Role.FILL, "nhớ": Role.ORDER, "gì": Role.ASK,
    "mời": Role.OTHER, "mọi": Role.OTHER, "chờ": Role.LATER, "đợi": Role.LATER,
    "nói": Role.ORDER, "bảo": Role.ORDER, "tối": Role.SOON, "nghỉ": Role.OTHER, "hỏng": Role.OTHER,
}  # fmt: skip

# What a digit alone means, as every reminder prints it.
OPTIONS: dict[int, Role] = {
    1: Role.ACK, 2: Role.DONE, 3: Role.OBSTACLE, 4: Role.EXTENSION, 5: Role.NOT_MINE,
}  # fmt: skip

# Commands whose meaning is an answer; every other command is not for this grammar.
COMMANDS: dict[str, Role] = {
    "xong": Role.DONE, "done": Role.DONE, "hoanthanh": Role.DONE, "hoantac": Role.UNDO,
    "undo": Role.UNDO, "vuong": Role.OBSTACLE, "vuongmac": Role.OBSTACLE, "obstacle": Role.OBSTACLE,
    "giahan": Role.EXTENSION, "extend": Role.EXTENSION, "extension": Role.EXTENSION,
    "danhan": Role.ACK, "nhan": Role.ACK, "ack": Role.ACK, "khongphai": Role.NOT_MINE,
    "notmine": Role.NOT_MINE, "status": Role.STATUS, "tinhhinh": Role.STATUS, "viec": Role.STATUS,
    "tasks": Role.STATUS, "quahan": Role.STATUS, "trogiup": Role.HELP, "help": Role.HELP,
}  # fmt: skip

# A tick may also mean "seen": a false "done" costs more than asking again, so it is only a receipt.
EMOJI: dict[str, Role] = {
    "👍": Role.YES, "👌": Role.YES, "🆗": Role.YES, "✅": Role.YES, "✔": Role.YES, "☑": Role.YES,
    "🫡": Role.YES, "❓": Role.QUESTION, "❔": Role.QUESTION, "❌": Role.NOT, "☐": Role.NOT,
    "✖": Role.NOT, "✗": Role.NOT, "⏳": Role.LATER, "🙏": Role.FILL,
}  # fmt: skip

# Spellings of a chat for words that phrases are written with.
SHORT: dict[str, str] = {
    "ko": "khong", "k": "khong", "hok": "khong", "hong": "khong", "hem": "khong", "hk": "khong",
    "kg": "khong", "khg": "khong", "kh": "khong", "khum": "khong", "chx": "chua",
    "chuwa": "chua", "ch": "chua", "dc": "duoc", "xoq": "xong", "xonq": "xong",
    "xon": "xong", "xoong": "xong",
}  # fmt: skip

# Words a slip of one letter may stand for. The slip must not itself be a Vietnamese syllable, so
# "trong", "mong" and "long" stay what they are.
REPAIRABLE = (
    "xong", "hoan", "thanh", "chua", "khong", "nhan", "vuong", "nham", "viec", "nhiem", "hoantac",
    "giahan", "finished", "completed", "received", "status", "danhan",
)  # fmt: skip

from infra.docs.cost.page import TARGET, render

TARGET.write_text(render(), encoding="utf-8")

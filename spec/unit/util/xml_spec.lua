local xml = require "adobepass.util.xml"

describe("xml", function()
  it("[url-encoding-escapes-xml] xml.escape: escapes a text, which xml.unescape "
    .. "reverses", function()
    assert.equal("&amp;&lt;&gt;&quot;&#39;x", xml.escape "&<>\"'x")
    assert.equal("&<>\"'x", xml.unescape "&amp;&lt;&gt;&quot;&#39;x")
    assert.equal("5", xml.escape(5))
  end)

  it("[xml-content] xml.content: returns the content of the first element of a "
    .. "name", function()
    for given, expected in pairs { ["<t>a</t><t>b</t>"] = "a", ["<t></t>"] = "",
      ["<tt>a</tt><t x='1'>b</t>"] = "b", ["<t\n>c<u></t>"] = "c<u>" } do
      assert.equal(expected, xml.content(given, "t"), given)
    end
    for _, given in ipairs { "", "<t>", "<t", "<t ", "</t><t>", "<tt>a</tt>" } do
      assert.is_nil(xml.content(given, "t"), given)
    end
  end)

  it("[xml-tag] xml.tag: returns the first opening tag of a name", function()
    assert.equal("<t x='1'>", xml.tag("<tt><t x='1'>b</t>", "t"))
    for _, given in ipairs { "", "<t", "<tt>", "</t>" } do
      assert.is_nil(xml.tag(given, "t"), given)
    end
  end)
end)

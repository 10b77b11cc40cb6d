// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface Token {
    function transfer(address to, uint256 value) external;
    function transferFrom(address from, address to, uint256 value) external;
}

/// Sends ether on inside its own call, as exchanges' and wallets' contracts do: no log tells of it.
contract Forwarder {
    function forward(address payable to) external payable {
        (bool sent, ) = to.call{value: msg.value}("");
        require(sent, "not taken");
    }

    /// The inner call fails and the transaction does not: nothing has moved.
    function forwardInVain(address payable to) external payable {
        try this.forwardAndRevert{value: msg.value}(to) {} catch {}
    }

    function forwardAndRevert(address payable to) external payable {
        (bool sent, ) = to.call{value: msg.value}("");
        revert(sent ? "sent, and taken back" : "not taken");
    }

    receive() external payable {}
}

/// Pays many in one transaction. Tokens come out of the caller's allowance.
contract BatchPayer {
    function payTokens(Token token, address[] calldata to, uint256[] calldata values) external {
        for (uint256 at = 0; at < to.length; at++) {
            token.transferFrom(msg.sender, to[at], values[at]);
        }
    }

    function payEther(address payable[] calldata to, uint256[] calldata values) external payable {
        for (uint256 at = 0; at < to.length; at++) {
            (bool sent, ) = to[at].call{value: values[at]}("");
            require(sent, "not taken");
        }
    }
}

/// Transfers, and then undoes the whole transaction.
contract Reverter {
    function payTokenAndRevert(Token token, address to, uint256 value) external {
        token.transferFrom(msg.sender, to, value);
        revert("after the transfer");
    }

    function payEtherAndRevert(address payable to) external payable {
        (bool sent, ) = to.call{value: msg.value}("");
        revert(sent ? "after the transfer" : "not taken");
    }
}

/// Looks like Tether and says whatever it is told to.
contract LookAlike {
    string public constant name = "Tether USD";
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function tell(address from, address to, uint256 value) external {
        emit Transfer(from, to, value);
    }
}
